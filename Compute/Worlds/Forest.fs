namespace SynthSae.Compute

/// A hierarchy as flat arrays. Nodes are numbered breadth first: the roots are 0 … Roots−1, and the
/// children of a node are consecutive. All arrays are indexed by node but for `NodeOfFeature`.
type Forest =
    {
        /// Number of trees.
        Roots: int
        /// Feature of the node, −1 for an organisational one.
        Feature: int[]
        /// Distance from the root.
        Depth: int[]
        /// Node above, −1 for a root.
        Parent: int[]
        /// Feature of the nearest ancestor that has one, −1 if none: it gates this node.
        GatingFeature: int[]
        /// (nodes+1): children of node n are the nodes ChildStart[n] … ChildStart[n+1]−1.
        ChildStart: int[]
        /// At most one of the node's children that carry a feature may be active.
        ExclusiveChildren: bool[]
        /// The node's magnitude is multiplied by its gating feature's magnitude over that feature's mean.
        ScaledByParent: bool[]
        /// (N): node of each feature, −1 outside the forest.
        NodeOfFeature: int[]
    }

    /// Number of nodes.
    member forest.Nodes = forest.Feature.Length
