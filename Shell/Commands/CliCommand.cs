using System.CommandLine;

namespace SynthSae.Commands;

/// <summary>A command that shows examples in its help.</summary>
internal abstract class CliCommand(string name, string description) : Command(name, description)
{
    /// <summary>Command lines that can be pasted, each with what it does.</summary>
    public abstract IReadOnlyList<(string Line, string Effect)> Examples { get; }
}
