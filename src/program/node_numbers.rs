//! Numbers of the call graph's nodes: all methods, then the dispatch nodes of those that may be overridden, then the
//! objects of all classes.

use super::call_graph::{Known, Node};
use super::link::Program;
use crate::facts::MethodFacts;
use crate::vocabulary::{ClassId, MethodId, Parallel};

const BITS: usize = u64::BITS as usize;

/// What a call has to know of the method that it resolves to, in one byte: there are millions of calls, and a method's
/// facts lie far from those of the next.
#[derive(Clone, Copy, Default)]
pub(super) struct Kinds(u8);

impl Kinds {
    /// It has a dispatch node.
    pub(super) const DISPATCHED: Self = Self(1);
    /// A call that resolves to it selects it.
    pub(super) const FIXED: Self = Self(1 << 1);
    /// It is static.
    pub(super) const STATIC: Self = Self(1 << 2);
    /// It is a constructor.
    pub(super) const CONSTRUCTOR: Self = Self(1 << 3);
    /// Its class is the service loader.
    pub(super) const OF_SERVICE_LOADER: Self = Self(1 << 4);

    fn of(method: &MethodFacts, known: &Known, is_final: bool, is_service_loader: bool) -> Self {
        let access = method.access;
        let is_fixed = access.is_static() || access.is_private();
        let is_special = [known.constructor, known.initializer].contains(&Some(method.name));
        let kinds = [
            (Self::DISPATCHED, !is_fixed && !is_special),
            (Self::FIXED, is_fixed || access.is_final() || is_final),
            (Self::STATIC, access.is_static()),
            (Self::CONSTRUCTOR, Some(method.name) == known.constructor),
            (Self::OF_SERVICE_LOADER, is_service_loader),
        ];
        let kinds = kinds.into_iter().filter(|(_, is)| *is);
        Self(kinds.fold(0, |all, (kind, _)| all | kind.0))
    }

    /// Whether it is of that kind.
    #[inline]
    pub(super) fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }
}

/// Which methods have a dispatch node, and which number it has.
pub(super) struct Numbers {
    n_methods: u32,
    /// By method, while the graph is built.
    kinds: Vec<Kinds>,
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
    pub(super) fn of(program: &Program<'_>, known: &Known, parallel: &impl Parallel) -> Self {
        const CHUNK: usize = 1024;
        let n = program.classes.len();
        let kinds = parallel.map(n.div_ceil(CHUNK), |chunk| {
            let mut kinds = Vec::new();
            for class in (chunk * CHUNK..n.min((chunk + 1) * CHUNK)).map(ClassId::from_index) {
                let facts = program.class_facts(class);
                let is_service_loader = Some(facts.name) == known.service_loader;
                let methods = program.methods_of(class).map(|(_, method)| method);
                let is_final = facts.access.is_final();
                kinds.extend(methods.map(|m| Kinds::of(m, known, is_final, is_service_loader)));
            }
            kinds
        });
        let mut numbers = Self {
            n_methods: program.n_methods as u32,
            // Methods are numbered class by class.
            kinds: kinds.concat(),
            dispatched: Vec::new(),
            words: Vec::with_capacity(program.n_methods.div_ceil(BITS)),
            before: Vec::with_capacity(program.n_methods.div_ceil(BITS)),
        };
        for m in 0..program.n_methods {
            if m % BITS == 0 {
                numbers.words.push(0);
                numbers.before.push(numbers.dispatched.len() as u32);
            }
            if numbers.kinds(MethodId::from_index(m)).has(Kinds::DISPATCHED) {
                numbers.dispatched.push(MethodId::from_index(m));
                if let Some(word) = numbers.words.last_mut() {
                    *word |= 1 << (m % BITS);
                }
            }
        }
        numbers.dispatched.shrink_to_fit();
        numbers
    }

    /// Frees what only those need who build the graph.
    pub(super) fn forget_kinds(&mut self) {
        self.kinds = Vec::new();
    }

    /// What a method is.
    #[inline]
    pub(super) fn kinds(&self, method: MethodId) -> Kinds {
        self.kinds.get(method.index()).copied().unwrap_or_default()
    }

    /// Whether a node is a dispatch node.
    #[inline]
    pub(super) fn is_dispatch(&self, number: u32) -> bool {
        (self.n_methods..self.first_instance()).contains(&number)
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
