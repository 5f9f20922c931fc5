//! Deployments out of a random number generator: what they are, their jars, and what a JVM says when all is linked.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

pub(crate) mod classes;
pub(crate) mod dice;
pub(crate) mod known;
pub(crate) mod shapes;
pub(crate) mod toucher;
pub(crate) mod touches;
