//! Numbers of the call graph's nodes: all methods, then the dispatch nodes of those that may be overridden, then the
//! objects of all classes.

use super::call_graph::{Known, Node};
use super::link::Program;
use crate::vocabulary::{ClassId, MethodId};

const BITS: usize = u64::BITS as usize;

/// Which methods have a dispatch node, and which number it has.
pub(super) struct Numbers {
    n_methods: u32,
    /// The methods that have one, ascending.
    dispatched: Vec<MethodId>,
    /// A bit for each method that has one.
    words: Vec<u64>,
    /// Bits set before each word.
    before: Vec<u32>,
}

impl Numbers {
    /// Static and private methods, constructors and initialisers cannot be overridden (JVMS 5.4.5), nor selected by a
    /// virtual call. Final ones can't either, but may override.
    pub(super) fn of(program: &Program<'_>, known: &Known) -> Self {
        let mut numbers = Self {
            n_methods: program.n_methods as u32,
            dispatched: Vec::new(),
            words: Vec::with_capacity(program.n_methods.div_ceil(BITS)),
            before: Vec::with_capacity(program.n_methods.div_ceil(BITS)),
        };
        let special = [known.constructor, known.initializer];
        for m in 0..program.n_methods {
            if m % BITS == 0 {
                numbers.words.push(0);
                numbers.before.push(numbers.dispatched.len() as u32);
            }
            let method = program.method(MethodId::from_index(m));
            let is_fixed = method.access.is_static() || method.access.is_private();
            if !is_fixed && !special.contains(&Some(method.name)) {
                numbers.dispatched.push(MethodId::from_index(m));
                if let Some(word) = numbers.words.last_mut() {
                    *word |= 1 << (m % BITS);
                }
            }
        }
        numbers.dispatched.shrink_to_fit();
        numbers
    }

    /// The number of a method's dispatch node, if it has one.
    #[inline]
    pub(super) fn of_dispatch(&self, method: MethodId) -> Option<u32> {
        let (at, bit) = (method.index() / BITS, method.index() % BITS);
        let word = self.words.get(at)?;
        let before = word & ((1 << bit) - 1);
        (word >> bit & 1 == 1).then(|| self.n_methods + self.before[at] + before.count_ones())
    }

    /// The number of a node; for a dispatch node that there is none of, that of the method.
    #[inline]
    pub(super) fn of_node(&self, node: Node) -> u32 {
        match node {
            Node::Method(m) => m.0,
            Node::Dispatch(m) => self.of_dispatch(m).unwrap_or(m.0),
            Node::Instance(c) => self.first_instance() + c.0,
        }
    }

    /// The node with a number.
    #[inline]
    pub(super) fn node(&self, number: u32) -> Node {
        let Some(above) = number.checked_sub(self.n_methods) else { return Node::Method(MethodId(number)) };
        match self.dispatched.get(above as usize) {
            Some(method) => Node::Dispatch(*method),
            None => Node::Instance(ClassId(above - self.dispatched.len() as u32)),
        }
    }

    /// The number of the first class's objects.
    #[inline]
    pub(super) fn first_instance(&self) -> u32 {
        self.n_methods + self.dispatched.len() as u32
    }
}
