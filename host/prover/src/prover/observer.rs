//! The stages of a proof, and who is told of them.

/// What a proof spends its time on. Stages follow one another and do not nest; some come once a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The circuit assigns its cells.
    Synthesis,
    /// Advice columns are committed to and interpolated.
    Advice,
    /// Grand products of the permutation argument.
    Permutation,
    /// The quotient on its cosets.
    Quotient,
    /// Commitments to the quotient's pieces.
    Pieces,
    /// Evaluations at the challenge point.
    Evaluation,
    /// The opening argument.
    Opening,
}

impl Stage {
    /// All stages in the order of their first appearance.
    pub const ALL: [Self; 7] = [
        Self::Synthesis,
        Self::Advice,
        Self::Permutation,
        Self::Quotient,
        Self::Pieces,
        Self::Evaluation,
        Self::Opening,
    ];

    /// What the shares of all stages add up to.
    pub const WHOLE: u64 = 1000;

    /// About how much of a proof's time has passed when the stage begins, in thousandths: as measured for `medium` on the CPU.
    /// Of use for estimates only.
    pub fn share_before(self) -> u64 {
        match self {
            Self::Synthesis => 0,
            Self::Advice => 22,
            Self::Permutation => 477,
            Self::Quotient => 515,
            Self::Pieces => 721,
            Self::Evaluation => 886,
            Self::Opening => 905,
        }
    }

    /// The name that logs, metrics and progress bars show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Synthesis => "synthesis",
            Self::Advice => "advice",
            Self::Permutation => "permutation",
            Self::Quotient => "quotient",
            Self::Pieces => "pieces",
            Self::Evaluation => "evaluation",
            Self::Opening => "opening",
        }
    }
}

/// Told when a stage begins and when it ends, on the proving thread. A stage that fails does not end.
pub trait Observer: Sync {
    /// A stage begins.
    fn begin(&self, stage: Stage);
    /// The stage that began last ends.
    fn end(&self, stage: Stage);
}

/// Looks away.
impl Observer for () {
    fn begin(&self, _: Stage) {}
    fn end(&self, _: Stage) {}
}
