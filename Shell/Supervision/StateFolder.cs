using SynthSae.Hosting;

namespace SynthSae.Supervision;

/// <summary>
/// Where the supervisor and its workers of one user on one machine meet: the queue, locks, a log.
/// Losing it loses the order of the queue, and no run.
/// </summary>
/// <param name="Path">The folder.</param>
internal sealed record StateFolder(string Path)
{
    /// <summary>The variable that names another folder.</summary>
    public const string Variable = "SYNTHSAE_STATE";

    /// <summary>
    /// That of the user on this machine: $SYNTHSAE_STATE, or a folder by the machine's name, since
    /// machines may share a home.
    /// </summary>
    public static StateFolder OfUser() =>
        new(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? System.IO.Path.GetFullPath(named)
            : System.IO.Path.Combine(Folders.State, "synthsae", Environment.MachineName));

    /// <summary>A ticket for each run that waits.</summary>
    public string Queue => In("queue");

    /// <summary>Tickets that could not be used.</summary>
    public string Aside => In("aside");

    /// <summary>A file for each slot, locked while a worker has it.</summary>
    public string Slots => In("slots");

    /// <summary>Locked by the supervisor.</summary>
    public string SupervisorLock => In("supervisor.lock");

    /// <summary>What the supervisor did.</summary>
    public string SupervisorLog => In("supervisor.log");

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
