//! Edges as they are found, and how they become one table.

use super::kept::Kept;
use super::{BitSet, Program};
use crate::vocabulary::{ClassId, FieldId, MethodId, sort_and_dedup};

/// Functions that are kept, and not taken to be called by all who may.
#[derive(Default)]
pub struct Cut {
    /// Methods that keep so many that not all were followed.
    pub methods: Vec<MethodId>,
    /// Fields that keep so many, and are read by so many, that nobody is taken to call them for that.
    pub fields: Vec<FieldId>,
}

/// The edges of some classes whose numbers follow each other.
#[derive(Default)]
pub(super) struct Found {
    /// Where the edges from bodies lead, in method order.
    pub(super) targets: Vec<u32>,
    /// Number of them up to each method's last.
    pub(super) ends: Vec<u32>,
    /// Methods with a lambda or method reference.
    pub(super) lambdas: Vec<MethodId>,
    /// Methods that make or copy objects.
    pub(super) makers: Vec<MethodId>,
    /// The other edges, in no order.
    pub(super) others: Vec<(u32, u32)>,
    /// Functions that fields keep.
    pub(super) kept: Vec<Kept>,
    /// Nodes of functions that outlive the code that makes them.
    pub(super) outliving: Vec<u32>,
    /// Methods that keep so many functions that not all are followed.
    pub(super) cut: Vec<MethodId>,
    /// Methods, and what they call on standard streams.
    pub(super) prints: Vec<(MethodId, MethodId)>,
    /// Classes of the objects that become standard streams.
    pub(super) streams: Vec<ClassId>,
    /// Whether objects of classes that are not known become standard streams.
    pub(super) has_open_streams: bool,
    pub(super) n_sites: usize,
    pub(super) n_unresolved: usize,
}

/// The class initialisers, to which edges lead that no call stands for.
pub(super) fn initializers_of(program: &Program<'_>) -> BitSet {
    let mut initializers = BitSet::new(program.n_methods);
    let classes = (0..program.classes.len()).map(ClassId::from_index);
    classes.filter_map(|class| program.class_initializer(class)).for_each(|method| {
        initializers.add(method.index());
    });
    initializers
}

/// The first row of each node, and the rows. Those of bodies are in order already; the others are sorted by counting.
pub(super) fn merge_edges(found: Vec<Found>, n_methods: usize, n_nodes: usize) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0u32; n_nodes + 1];
    // What resolves to a method that nothing may override, but has its name in a subclass: there are few.
    let mut of_methods: Vec<(u32, u32)> = Vec::new();
    let mut n = 0;
    for list in &found {
        n += list.targets.len() + list.others.len();
        for edge in &list.others {
            match edge.0 as usize {
                from if from < n_methods => of_methods.push(*edge),
                from => first[from + 1] += 1,
            }
        }
    }
    of_methods.sort_unstable();
    let mut targets = Vec::with_capacity(n);
    let others: Vec<Vec<(u32, u32)>> = with_bodies(found, &of_methods, &mut first, &mut targets);
    let start = targets.len() as u32;
    for rows in &mut first[n_methods..] {
        *rows += start;
    }
    for node in n_methods + 1..n_nodes {
        first[node + 1] += first[node] - start;
    }
    targets.resize(first[n_nodes] as usize, 0);
    for (from, to) in others.into_iter().flatten().filter(|(from, _)| *from as usize >= n_methods) {
        let at = &mut first[from as usize];
        targets[*at as usize] = to;
        *at += 1;
    }
    // Where the rows of a node now begin, they end.
    let (mut kept, mut begin) = (start as usize, start as usize);
    for row in &mut first[n_methods..n_nodes] {
        let end = std::mem::replace(row, kept as u32) as usize;
        targets[begin..end].sort_unstable();
        let of_node = kept;
        for at in begin..end {
            let target = targets[at];
            if kept == of_node || targets[kept - 1] != target {
                targets[kept] = target;
                kept += 1;
            }
        }
        begin = end;
    }
    first[n_nodes] = kept as u32;
    targets.truncate(kept);
    targets.shrink_to_fit();
    (first, targets)
}

/// The rows of methods: those of bodies, and `more`, which are sorted. Gives back the other edges, list by list.
fn with_bodies(
    found: Vec<Found>,
    more: &[(u32, u32)],
    first: &mut [u32],
    targets: &mut Vec<u32>,
) -> Vec<Vec<(u32, u32)>> {
    let mut method = 0;
    let mut more = more.iter().peekable();
    let others = found.into_iter().map(|list| {
        let n = list.ends.len();
        if more.peek().is_none_or(|edge| edge.0 as usize >= method + n) {
            let start = targets.len() as u32;
            targets.extend_from_slice(&list.targets);
            let starts = std::iter::once(0).chain(list.ends);
            first[method..method + n].iter_mut().zip(starts).for_each(|(row, end)| *row = start + end);
            method += n;
            return list.others;
        }
        let mut start = 0;
        for end in list.ends {
            let from = targets.len();
            first[method] = from as u32;
            targets.extend_from_slice(&list.targets[start as usize..end as usize]);
            if more.peek().is_some_and(|edge| edge.0 as usize == method) {
                while let Some((_, to)) = more.next_if(|edge| edge.0 as usize == method) {
                    targets.push(*to);
                }
                sort_and_dedup(targets, from);
            }
            start = end;
            method += 1;
        }
        list.others
    });
    others.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_methods_and_of_other_nodes_are_sorted() {
        let of_first = Found {
            targets: vec![2, 4, 3],
            ends: vec![2, 2, 3],
            others: vec![(5, 4), (4, 1), (5, 0), (5, 4), (0, 3), (0, 2)],
            ..Found::default()
        };
        let of_second = Found { targets: vec![1], ends: vec![1], others: vec![(4, 3)], ..Found::default() };
        let (first, targets) = merge_edges(vec![of_first, of_second], 4, 7);
        let rows = |node: usize| &targets[first[node] as usize..first[node + 1] as usize];
        let none: &[u32] = &[];
        assert_eq!((rows(0), rows(1), rows(2), rows(3)), (&[2, 3, 4][..], none, &[3][..], &[1][..]));
        assert_eq!((rows(4), rows(5), rows(6)), (&[1, 3][..], &[0, 4][..], none));
    }
}
