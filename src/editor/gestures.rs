//! How a parameter is changed: through the host, so that it can write automation.

use nice_plug::prelude::{Param, ParamSetter};

/// Changes parameters as a host wants it: take hold, move, let go.
pub trait Gestures {
    fn begin<P: Param>(&self, param: &P);
    fn set<P: Param>(&self, param: &P, value: P::Plain);
    fn end<P: Param>(&self, param: &P);

    /// All three at once, as for a click.
    fn change<P: Param>(&self, param: &P, value: P::Plain) {
        self.begin(param);
        self.set(param, value);
        self.end(param);
    }
}

impl Gestures for ParamSetter<'_> {
    fn begin<P: Param>(&self, param: &P) {
        self.begin_set_parameter(param);
    }

    fn set<P: Param>(&self, param: &P, value: P::Plain) {
        self.set_parameter(param, value);
    }

    fn end<P: Param>(&self, param: &P) {
        self.end_set_parameter(param);
    }
}
