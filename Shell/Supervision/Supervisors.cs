using System.Diagnostics;
using SynthSae.Compute.Files;
using SynthSae.Core;
using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Supervision;

/// <summary>Sees to it that there is a supervisor.</summary>
internal static class Supervisors
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Whether one lives.</summary>
    public static bool Lives(StateFolder state) => FolderLock.IsHeld(state.SupervisorLock);

    /// <summary>
    /// Start one in the background, unless one lives, and wait until it does. Of several that are
    /// started at once one stays.
    /// </summary>
    /// <exception cref="Failure">It cannot be started, or does not come to life.</exception>
    public static void Ensure(StateFolder state, AppSettings settings)
    {
        if (Lives(state))
        {
            return;
        }

        SupervisorLog.Turn(state);
        var child = DetachedProcess.Start(
            Command(settings), Environment.CurrentDirectory, state.SupervisorLog);
        var start = Stopwatch.GetTimestamp();
        while (!Lives(state))
        {
            if (Posix.TryWait(child) is { } code)
            {
                // One that finds another there ends well.
                if (code != ExitCode.Ok)
                {
                    throw Failure.BadInput(
                        state.SupervisorLog,
                        $"the supervisor has ended with {code}; its log says why");
                }

                return;
            }

            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                return; // a busy machine: it is on its way
            }

            Thread.Sleep(10);
        }
    }

    private static IReadOnlyList<string> Command(AppSettings settings) =>
        Executable.Command(
            "supervise",
            SettingNames.CpuSlots.Flag,
            $"{settings.CpuSlots}",
            SettingNames.SupervisorIdle.Flag,
            $"{(long)settings.SupervisorIdle.TotalSeconds}");
}
