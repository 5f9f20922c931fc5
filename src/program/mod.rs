//! Facts seen through loaders: linking, hierarchy, resolution, dispatch, call graph, field graph, tenants.
//! May import: vocabulary, facts, topology
