//! Arguments to plan to run to exit code.
//! May import: everything
