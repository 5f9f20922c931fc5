//! How a layer asks for work to be spread without knowing threads.

/// Runs independent pieces of work. The engine does it on its threads; tests do it one after the other.
pub trait Parallel: Sync {
    /// `f(0)` to `f(n - 1)`, results in that order whatever ran first.
    fn map<R: Send>(&self, n: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R>;

    /// Calls `f` on each item, which no other call sees.
    fn for_each<T: Send>(&self, items: &mut [T], f: impl Fn(usize, &mut T) + Sync + Send);

    /// Both results of two pieces of work that don't wait for each other.
    fn both<A: Send, B: Send>(&self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        (a(), b())
    }
}

/// One after the other, on the calling thread.
#[derive(Clone, Copy, Default, Debug)]
pub struct Sequential;

impl Parallel for Sequential {
    fn map<R: Send>(&self, n: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
        (0..n).map(f).collect()
    }

    fn for_each<T: Send>(&self, items: &mut [T], f: impl Fn(usize, &mut T) + Sync + Send) {
        items.iter_mut().enumerate().for_each(|(i, item)| f(i, item));
    }
}
