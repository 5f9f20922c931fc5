//! Findings as text, JSON, SARIF. A report never computes.
//! May import: vocabulary, findings
