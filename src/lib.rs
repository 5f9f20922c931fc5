//! The library behind the command: each module is a layer, and says in its own words what it may import.
#![doc = include_str!("../README.md")]

pub mod vocabulary;

pub mod archive;
pub mod classfile;

pub mod body;
pub mod facts;

pub mod topology;

pub mod program;

pub mod dataflow;

pub mod findings;
pub mod rules;

pub mod report;

pub mod engine;

pub mod cli;
