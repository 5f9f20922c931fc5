//! One class file to facts.
