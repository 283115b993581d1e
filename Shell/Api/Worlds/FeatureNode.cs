namespace SynthSae;

/// <summary>A node of a model's hierarchy of features.</summary>
/// <param name="Number">
/// Its number: breadth first, so that the roots come first and a node's children are consecutive.
/// </param>
/// <param name="Feature">Its feature; null for a node that only groups its children.</param>
/// <param name="Depth">Distance from the root, which has 0.</param>
/// <param name="Parent">Number of the node above; null for a root.</param>
/// <param name="FirstChild">Number of its first child, if it has any.</param>
/// <param name="Children">Number of its children.</param>
/// <param name="HasExclusiveChildren">At most one of the children's features is active.</param>
/// <param name="IsScaledByParent">
/// Its magnitude is multiplied by that of the feature above over that feature's mean.
/// </param>
public sealed record FeatureNode(
    int Number,
    int? Feature,
    int Depth,
    int? Parent,
    int FirstChild,
    int Children,
    bool HasExclusiveChildren,
    bool IsScaledByParent);
