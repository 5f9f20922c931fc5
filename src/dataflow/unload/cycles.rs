//! The loops of a body.

use crate::facts::{Block, UnitFacts};

/// The blocks of each cycle of a body: strongly connected components with an edge inside (Tarjan, without recursion).
pub(super) fn cycles(unit: &UnitFacts, blocks: &[Block]) -> Vec<Vec<u16>> {
    const NEW: u32 = u32::MAX;
    let n = blocks.len();
    let edges: Vec<Vec<u16>> = blocks
        .iter()
        .map(|b| {
            let handlers = unit.handlers(b).iter().map(|h| h.block);
            unit.successors(b).iter().copied().chain(handlers).filter(|to| usize::from(*to) < n).collect()
        })
        .collect();
    let (mut order, mut low, mut on_stack) = (vec![NEW; n], vec![0u32; n], vec![false; n]);
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0u32);
    for root in 0..n {
        if order[root] != NEW {
            continue;
        }
        let mut calls = vec![(root, 0usize)];
        while let Some((v, i)) = calls.pop() {
            if i == 0 {
                (order[v], low[v], on_stack[v]) = (next, next, true);
                next += 1;
                stack.push(v);
            }
            if let Some(to) = edges[v].get(i).map(|to| usize::from(*to)) {
                calls.push((v, i + 1));
                if order[to] == NEW {
                    calls.push((to, 0));
                } else if on_stack[to] {
                    low[v] = low[v].min(order[to]);
                }
                continue;
            }
            if let Some((parent, _)) = calls.last() {
                low[*parent] = low[*parent].min(low[v]);
            }
            if low[v] == order[v] {
                let mut members = Vec::new();
                while let Some(w) = stack.pop() {
                    on_stack[w] = false;
                    members.push(w as u16);
                    if w == v {
                        break;
                    }
                }
                if members.len() > 1 || edges[v].contains(&(v as u16)) {
                    found.push(members);
                }
            }
        }
    }
    found
}
