//! What is asked of one method after the other, and how much may be looked at for each.

use super::Callees;

impl Callees<'_, '_> {
    /// Tells that what is asked from now on is of another method, which may take so many steps.
    pub(in crate::dataflow::obligations) fn begin(&self, n_steps: u64) {
        if self.is_spent() {
            // What was asked last was answered without looking.
            self.giving_back.forget();
            self.handing_out.forget();
        }
        self.n_allowed.set(n_steps);
        self.n_spent.set(0);
        self.exceptions.begin(n_steps);
        self.effects.forget();
        self.throws.forget();
        self.lost_containers.forget();
        self.released_fields.forget();
        self.owed.forget();
        self.kept_in_fields.forget();
        self.holders.forget();
        self.operands.limit();
        self.closeable.limit();
        self.giving_back.limit();
        self.handing_out.limit();
        self.unchecked.limit();
    }

    /// Counts events that are looked at. Whether the method has steps left; what is answered afterwards is not asked for.
    pub(in crate::dataflow::obligations) fn spend(&self, n: usize) -> bool {
        self.n_spent.set(self.n_spent.get().saturating_add(n as u64));
        !self.is_spent()
    }

    /// Steps that the present method has taken.
    pub(in crate::dataflow::obligations) fn n_spent(&self) -> u64 {
        self.n_spent.get().saturating_add(self.exceptions.n_spent())
    }

    /// Whether it has taken all that it may.
    pub(in crate::dataflow::obligations) fn is_spent(&self) -> bool {
        self.n_spent() > self.n_allowed.get()
    }
}
