namespace SynthSae.Spec

/// A node of a feature tree. A child can be active only where its parent is.
type HierarchyNode =
    {
        /// The feature of this node; `None` for a node that only organises its children.
        Feature: int option
        /// The nodes below, and whether at most one of them may be active.
        Children: Children
        /// Multiply each child's magnitude by parent's magnitude / parent's mean magnitude.
        ScaleChildrenByParent: bool
        /// Free text (reference: `feature_id`).
        Id: string option
    }

/// The children of a node.
and Children =
    /// Any number of them may be active at once.
    | Free of HierarchyNode list
    /// At most one is active; a tie is broken uniformly at random. At least two children.
    | Exclusive of HierarchyNode list

/// How many children each parent gets when a forest is generated.
[<RequireQualifiedAccess>]
type BranchingFactor =
    /// The same number, at least 2.
    | Fixed of int
    /// Uniform in [min, max], min at least 2.
    | Between of min: int * max: int

/// Rules by which the reference generates a forest, breadth first (`HierarchyConfig`).
type GeneratedHierarchy =
    {
        /// Number of trees, > 0.
        TotalRootNodes: int
        /// Children per parent.
        BranchingFactor: BranchingFactor
        /// Depth of the deepest leaves (roots have depth 0), at least 1.
        MaxDepth: int
        /// Share of the eligible parents whose children are mutually exclusive, in [0, 1].
        MutuallyExclusivePortion: float
        /// Smallest depth of a parent with exclusive children.
        MutuallyExclusiveMinDepth: int
        /// Largest depth of a parent with exclusive children; `None`: no bound.
        MutuallyExclusiveMaxDepth: int option
        /// Raise probabilities to make up for gating and exclusion (REFERENCE: `compensate_probabilities`).
        CompensateProbabilities: bool
        /// Set `ScaleChildrenByParent` on every node that can be a parent.
        ScaleChildrenByParent: bool
    }

/// The hierarchy among features.
[<RequireQualifiedAccess>]
type Hierarchy =
    /// A forest made by the reference's rules.
    | Generated of GeneratedHierarchy
    /// A forest written out.
    | Explicit of roots: HierarchyNode list * compensateProbabilities: bool
