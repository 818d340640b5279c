//! The closed list of causes.

/// Why a score differs between two versions. Of several that fit a change the first one stands, in
/// this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Cause {
    /// Records went from the training to the test records, or back. They are one player, and no
    /// coalition has one of them on both sides.
    SplitMoved,
    /// New training records.
    TrainAdded,
    /// Training records that are gone.
    TrainRemoved,
    /// Both, where most of the training records are gone.
    TrainReplaced,
    /// New test records.
    TestAdded,
    /// Test records that are gone.
    TestRemoved,
    /// Training records with other features.
    TrainFeatures,
    /// Test records with other features.
    TestFeatures,
    /// Training records with another label.
    TrainRelabel,
    /// Test records with another label.
    TestRelabel,
    /// Records with another label because a class was split, or merged with another one.
    Vocabulary,
    /// Classes that have another name, and nothing else.
    Renames,
    /// The question itself: another definition, or a model that says something else of the same.
    Definition,
}

impl Cause {
    /// All causes, in order.
    pub const ALL: [Self; 13] = [
        Self::SplitMoved,
        Self::TrainAdded,
        Self::TrainRemoved,
        Self::TrainReplaced,
        Self::TestAdded,
        Self::TestRemoved,
        Self::TrainFeatures,
        Self::TestFeatures,
        Self::TrainRelabel,
        Self::TestRelabel,
        Self::Vocabulary,
        Self::Renames,
        Self::Definition,
    ];

    /// Returns the word for people and machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::SplitMoved => "split_moved",
            Self::TrainAdded => "train_added",
            Self::TrainRemoved => "train_removed",
            Self::TrainReplaced => "train_replaced",
            Self::TestAdded => "test_added",
            Self::TestRemoved => "test_removed",
            Self::TrainFeatures => "train_features",
            Self::TestFeatures => "test_features",
            Self::TrainRelabel => "train_relabel",
            Self::TestRelabel => "test_relabel",
            Self::Vocabulary => "vocabulary",
            Self::Renames => "renames",
            Self::Definition => "definition",
        }
    }

    /// Returns whether the training records differ.
    pub(super) fn trains(self) -> bool {
        matches!(
            self,
            Self::SplitMoved
                | Self::TrainAdded
                | Self::TrainRemoved
                | Self::TrainReplaced
                | Self::TrainFeatures
                | Self::TrainRelabel
                | Self::Vocabulary
        )
    }

    /// Returns whether nothing but test records differ.
    pub(super) fn only_tests(self) -> bool {
        matches!(
            self,
            Self::TestAdded | Self::TestRemoved | Self::TestFeatures | Self::TestRelabel
        )
    }
}
