using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using SynthSae.Slurm;
using Xunit;

namespace SynthSae.Tests.Slurm;

/// <summary>
/// A cluster of one node with four processors for the tests of this collection, started and
/// stopped by the scripts for that.
/// </summary>
public sealed class SlurmCluster : IDisposable
{
    private const int Attempts = 3;

    private readonly TemporaryFolder _folder = new();

    public SlurmCluster()
    {
        for (var attempt = 1; SlurmFactAttribute.IsInstalled; attempt++)
        {
            var (code, said) = Script("slurm-up.sh", Folder, $"{FreePort()}");
            if (code == 0)
            {
                return;
            }

            // Another process may have taken the port meanwhile.
            Assert.True(attempt < Attempts, $"slurm-up.sh: {said}");
        }
    }

    /// <summary>What a program needs to find this cluster.</summary>
    public Dictionary<string, string> Variables =>
        new() { [SlurmClient.ConfigurationVariable] = Path.Combine(Folder, "slurm.conf") };

    internal SlurmClient Client => new(Commands);

    internal ICommands Commands => new ProcessCommands(ProcessCommands.Patience, Variables);

    private string Folder => _folder.File("cluster");

    public void Dispose()
    {
        if (SlurmFactAttribute.IsInstalled)
        {
            _ = Script("slurm-down.sh", Folder);
        }

        ((IDisposable)_folder).Dispose();
    }

    /// <summary>Wait until the queue shows what is wanted, and return it.</summary>
    internal IReadOnlyList<SlurmTask> WaitFor(
        string what, Func<IReadOnlyList<SlurmTask>, bool> isThere)
    {
        IReadOnlyList<SlurmTask> queue = [];
        WaitUntil(what, () => isThere(queue = Client.Queue()));
        return queue;
    }

    /// <summary>Wait for something that Slurm takes seconds for.</summary>
    internal static void WaitUntil(string what, Func<bool> isThere)
    {
        var clock = Stopwatch.StartNew();
        while (!isThere())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"waited in vain for {what}");
            Thread.Sleep(100);
        }
    }

    private static (int Code, string Said) Script(string name, params string[] arguments)
    {
        var info = new ProcessStartInfo(Path.Combine(Scripts(), name), arguments)
        {
            RedirectStandardError = true,
        };
        info.Environment["CPUS"] = "4";
        using var script = Process.Start(info)!;
        var said = script.StandardError.ReadToEnd();
        script.WaitForExit();
        return (script.ExitCode, said);
    }

    private static string Scripts([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../scripts"));

    // With the one after it.
    private static int FreePort()
    {
        while (true)
        {
            try
            {
                using var first = new TcpListener(IPAddress.Loopback, 0);
                first.Start();
                var port = ((IPEndPoint)first.LocalEndpoint).Port;
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken: look for another pair
            }
        }
    }
}

/// <summary>The tests that share the cluster run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class SlurmCollection : ICollectionFixture<SlurmCluster>
{
    public const string Name = "Slurm";
}
