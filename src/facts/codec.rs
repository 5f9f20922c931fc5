//! Writing and reading a unit as bytes, for the embedded JDK model.
