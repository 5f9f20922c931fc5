//! Whether a call is followed by another one on the paths a rule names.

use super::context::Context;
use super::matches::Spot;
use crate::rules::rule::FollowTest;

/// Whether every path from the spot to the named exits passes a call of the APIs.
pub(super) fn is_followed(cx: &Context<'_>, spot: &Spot, test: &FollowTest) -> bool {
    let _ = (cx, spot, test);
    false
}
