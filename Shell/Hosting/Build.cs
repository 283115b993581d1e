using System.Reflection;

namespace SynthSae.Hosting;

/// <summary>Which build of the program this is.</summary>
internal static class Build
{
    private static readonly string Informational =
        typeof(Build).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?
            .InformationalVersion ?? "0.0.0";

    /// <summary>The version, e.g. 0.1.0.</summary>
    public static string Version => Informational.Split('+')[0];

    /// <summary>The commit it was built from, if known.</summary>
    public static string? Commit => Informational.Split('+') is [_, var commit] ? commit : null;
}
