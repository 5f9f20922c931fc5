//! Who loads what: loaders with ordered, filtered delegation steps, as data over one lookup algorithm.
//! May import: vocabulary, facts
