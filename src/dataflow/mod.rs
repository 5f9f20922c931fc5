//! Questions about values that cross method borders: summaries, obligations, loader provenance.
//! May import: vocabulary, facts, topology, program
