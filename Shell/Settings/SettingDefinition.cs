namespace SynthSae.Settings;

/// <summary>One setting that a file, the environment and a flag may give.</summary>
/// <param name="Name">Key in configuration files; in the environment SYNTHSAE_ and the name in
///   capitals.</param>
/// <param name="Flag">The option on the command line.</param>
/// <param name="Meaning">One line for help and for <c>synthsae doctor</c>.</param>
/// <param name="Default">The value without any source.</param>
internal sealed record SettingDefinition(
    string Name, string Flag, string Meaning, Func<string> Default)
{
    /// <summary>What help calls the value; null for a number.</summary>
    public string? HelpName { get; init; }

    /// <summary>The variable that gives the setting.</summary>
    public string Variable => SettingNames.Prefix + Name.ToUpperInvariant();
}
