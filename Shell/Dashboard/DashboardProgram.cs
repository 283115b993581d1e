using SynthSae.Dashboard.Actions;
using SynthSae.Dashboard.Comparison;
using SynthSae.Dashboard.Features;
using SynthSae.Dashboard.Forms;
using SynthSae.Dashboard.RunList;
using SynthSae.Dashboard.Runtime;
using SynthSae.Dashboard.RunView;
using SynthSae.Dashboard.SweepView;
using SynthSae.Store;
using SynthSae.Supervision;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Dashboard;

/// <summary>The dashboard as it is put together.</summary>
internal static class DashboardProgram
{
    /// <summary>All screens, as they are when the dashboard opens.</summary>
    public static IReadOnlyList<Screen> Screens(ViewSettings settings) =>
    [
        RunsScreen.Of(settings),
        new RunScreen(),
        new CompareScreen(),
        new FeaturesScreen(),
        new SweepScreen(),
        new NewRunScreen(),
    ];

    /// <summary>Whoever does effects.</summary>
    public static IReadOnlyList<IEffectHandler> Handlers(DashboardOptions options) =>
    [
        SettingsFile.OfUser,
        new RunActions(
            RunStore.Of(options.Settings), StateFolder.OfUser(), options.Settings),
        new FeatureEffects(),
        new SweepEffects(),
        new StartEffects(options.Settings),
    ];

    /// <summary>The model that a dashboard begins with.</summary>
    public static Model Begin(DashboardOptions options, ViewSettings settings, Caps caps, Size size) =>
        Model.Of(
            new Context
            {
                Caps = caps,
                Now = DateTime.UtcNow,
                ReadOnly = options.ReadOnly,
                Settings = settings,
                Size = size,
            },
            Screens(settings)) with
        {
            Interval = options.Interval ?? TimeSpan.FromSeconds(caps.Remote ? 2 : 1),
        };

    /// <summary>Open it on the terminal of this process.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(DashboardOptions options)
    {
        var caps = CapsDetection.Of(Environment.GetEnvironmentVariable, options.Flags);
        var terminal = new UnixTerminal();
        var model = Begin(options, SettingsFile.OfUser.Read(), caps, terminal.Size);
        var feeds = new Feeds(
            new StoredRuns(RunStore.Of(options.Settings)), () => DateTime.UtcNow);
        var loop = new Loop(terminal, model, feeds, Handlers(options), CrashLog.Write);
        using var guard = new TerminalGuard(Renderer.Leave);
        using var signals = new TerminalSignals(loop, terminal);
        loop.Run();
        return signals.Code;
    }
}
