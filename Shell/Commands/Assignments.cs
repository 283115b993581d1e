using SynthSae.Core;

namespace SynthSae.Commands;

/// <summary>What is written as path=value on a command line.</summary>
internal static class Assignments
{
    /// <summary>The path and the value of each.</summary>
    public static List<(string Path, string Value)> Split(string option, string[]? given) =>
        [.. (given ?? []).Select(text => Split(option, text))];

    private static (string Path, string Value) Split(string option, string text) =>
        text.IndexOf('=') is > 0 and var at
            ? (text[..at], text[(at + 1)..])
            : throw Failure.BadInput(option, $"must have the form path=value (got {text})");
}
