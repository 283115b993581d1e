using Xunit;

namespace SynthSae.Tests.Slurm;

/// <summary>A test on a real cluster of one node, for which Slurm must be installed
/// (scripts/install-slurm.sh).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SlurmFactAttribute : FactAttribute
{
    private static readonly string[] Needed = ["slurmctld", "slurmd", "munged", "sbatch"];

    private static readonly string? Missing = Needed.FirstOrDefault(program => !IsThere(program));

    /// <summary>True where such a cluster can be started.</summary>
    public static bool IsInstalled => Missing is null;

    public override string? Skip
    {
        get => IsInstalled ? null : $"there is no {Missing}: scripts/install-slurm.sh installs it";
        set { }
    }

    // Daemons lie where not every user looks.
    private static bool IsThere(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin"
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
