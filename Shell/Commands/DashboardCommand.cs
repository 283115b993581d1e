using System.CommandLine;
using SynthSae.Core;
using SynthSae.Dashboard;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Terminal;
using SynthSae.Terminal.Runtime;

namespace SynthSae.Commands;

/// <summary>Opens the full-screen dashboard.</summary>
internal sealed class DashboardCommand : CliCommand
{
    private readonly Host _host;
    private readonly CommonOptions _common;
    private readonly Option<double?> _interval = CliOptions.Interval(
        "Seconds between two looks at the runs; by default 1, over SSH 2.");

    private readonly Option<bool> _readOnly = new("--readonly")
    {
        Description = "Only look: nothing can be started, stopped or changed.",
    };

    private readonly Option<bool> _ascii =
        new("--ascii") { Description = "Draw with ASCII characters only." };

    private readonly Option<bool> _noColour =
        new("--no-color") { Description = "Use no colors, as NO_COLOR does." };

    private readonly Option<bool> _light =
        new("--light") { Description = "Colors for a light background." };

    private readonly Option<bool> _mouse = new("--mouse")
    {
        Description = "Take clicks and the wheel; the terminal cannot select text then.",
    };

    public DashboardCommand(Host host)
        : base("dashboard", "Watch and steer runs on the whole screen; also: synthsae alone.")
    {
        _host = host;
        Add(_interval);
        Add(_readOnly);
        Add(_ascii);
        Add(_noColour);
        Add(_light);
        Add(_mouse);
        _common = new CommonOptions(this, SettingNames.Runs);
        SetAction(Execute);
    }

    public override IReadOnlyList<(string Line, string Effect)> Examples =>
    [
        ("synthsae", "the same, on a terminal"),
        ("synthsae dashboard --runs /shared/runs --readonly", "look at the runs of others"),
        ("synthsae dashboard --ascii --no-color", "for terminals that show little"),
    ];

    /// <summary>Open it as it is without any flag.</summary>
    public static int Open(Host host) =>
        Open(host, new DashboardOptions(
            SettingsReader.Read(new Dictionary<string, string?>()), new CapsFlags(), false, null));

    /// <summary>A full screen can be drawn.</summary>
    public static bool CanOpen(Host host) =>
        IsTerminal(host) && CapsDetection.CanAddressCursor(Environment.GetEnvironmentVariable);

    private int Execute(ParseResult parsed) =>
        Open(_host, new DashboardOptions(
            _common.Read(parsed),
            new CapsFlags(
                parsed.GetValue(_ascii),
                parsed.GetValue(_noColour),
                parsed.GetValue(_mouse),
                parsed.GetValue(_light)),
            parsed.GetValue(_readOnly),
            parsed.GetValue(_interval) is { } seconds ? TimeSpan.FromSeconds(seconds) : null));

    private static int Open(Host host, DashboardOptions options) =>
        CanOpen(host)
            ? DashboardProgram.Run(options)
            : throw Failure.BadInput(
                "dashboard",
                IsTerminal(host)
                    ? "this terminal (TERM) cannot be drawn on; synthsae ls lists the runs"
                    : "needs a terminal; synthsae ls lists the runs");

    // Tests have streams of their own, also where they are run on a terminal.
    private static bool IsTerminal(Host host) =>
        ReferenceEquals(host.Out, Console.Out) && UnixTerminal.IsThere;
}
