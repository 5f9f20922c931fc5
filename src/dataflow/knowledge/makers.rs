//! What is known of methods that make something for their caller.

/// How methods are named that make what they yield for their caller.
#[derive(Clone, Debug, Default)]
pub struct MakerFacts {
    /// Whole names, or their beginnings before a capital.
    pub names: Vec<String>,
    /// Whether only calls with an argument count.
    pub asked: bool,
    /// Internal names of the types, subtypes too, of which the result must be; any if empty.
    pub yields: Vec<String>,
}
