using SynthSae.Spec;

namespace SynthSae.Core;

/// <summary>
/// Something that a command line names: a preset, a file, or a folder, here or on the hub.
/// </summary>
/// <param name="Name">As it was written.</param>
internal abstract record Source(string Name)
{
    /// <summary>A preset.</summary>
    public sealed record OfPreset(string Name, Preset Preset) : Source(Name);

    /// <summary>A run's specification in a file, or the run.json of a run folder.</summary>
    public sealed record RunFile(string Name, string Text) : Source(Name);

    /// <summary>The folder of a run.</summary>
    public sealed record RunFolder(string Name, Runs.RunFolder Folder) : Source(Name);

    /// <summary>A synthetic model's specification in a file.</summary>
    public sealed record ModelFile(string Name, string Text) : Source(Name);

    /// <summary>A synthetic model in the reference's format.</summary>
    public sealed record ModelFolder(string Name, string Folder) : Source(Name);

    /// <summary>An SAE in the reference's format.</summary>
    public sealed record SaeFolder(string Name, string Folder) : Source(Name);
}
