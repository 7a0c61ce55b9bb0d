//! A plugin's parameters as a CLAP host sees them.

use clack_host::utils::ClapId;

/// A parameter's CLAP id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParamId(ClapId);

impl ParamId {
    /// The id of the parameter that nice-plug knows by this stable name, such as `record`.
    ///
    /// nice-plug hashes the name as Java does a string and clears the top bit (`hash_param_id` in its
    /// `src/wrapper/util.rs`).
    pub const fn named(name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut hash: u32 = 0;
        let mut index = 0;
        while index < bytes.len() {
            hash = hash.wrapping_mul(31).wrapping_add(bytes[index] as u32);
            index += 1;
        }
        Self(ClapId::new(hash & !(1 << 31)))
    }

    pub(crate) const fn clap(self) -> ClapId {
        self.0
    }

    pub(crate) const fn from_clap(id: ClapId) -> Self {
        Self(id)
    }
}

/// What the plugin says about one parameter. Values are CLAP's plain ones: for nice-plug the entry's index in a menu,
/// 0 or 1 for a switch, the distance from the minimum for a whole number, 0 to 1 for anything else.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamInfo {
    pub id: ParamId,
    /// The label.
    pub name: String,
    pub min: f64,
    pub max: f64,
    pub default: f64,
    /// Only whole values.
    pub stepped: bool,
    pub automatable: bool,
    pub hidden: bool,
    pub read_only: bool,
}
