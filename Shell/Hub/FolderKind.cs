namespace SynthSae.Hub;

/// <summary>What a folder holds.</summary>
internal enum FolderKind
{
    /// <summary>A synthetic model.</summary>
    Model,

    /// <summary>A sparse autoencoder.</summary>
    Sae,
}
