using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using SynthSae.Hosting;

namespace SynthSae.Commands;

/// <summary>The tree of commands.</summary>
internal static class Root
{
    /// <summary>The program's name.</summary>
    public const string Name = "synthsae";

    private const string Description =
        "Trains sparse autoencoders on synthetic activations whose true features are known, and "
        + "says how well they recovered the truth. Begin with: synthsae run small";

    public static RootCommand Create(Host host)
    {
        var root = new RootCommand(Description)
        {
            new DashboardCommand(host),
            new RunCommand(host),
            new SweepCommand(host),
            new StartCommand(host),
            new StopCommand(host),
            new PauseCommand(host),
            new ResumeCommand(host),
            new PriorityCommand(host),
            new SuperviseCommand(host),
            new WorkCommand(host),
            new LsCommand(host),
            new ShowCommand(host),
            new CompareCommand(host),
            new LogsCommand(host),
            new WatchCommand(host),
            new TagCommand(host),
            new NoteCommand(host),
            new RmCommand(host),
            new EvalCommand(host),
            new BaselinesCommand(host),
            new SampleCommand(host),
            new EncodeCommand(host),
            new DecodeCommand(host),
            new ConvertCommand(host),
            new InspectCommand(host),
            new PullCommand(host),
            new PresetsCommand(host),
            new DoctorCommand(host),
            new BenchCommand(host),
            new GpuCommand(host),
        };

        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, host);
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        root.SetAction(parsed =>
            DashboardCommand.CanOpen(host)
                ? DashboardCommand.Open(host)
                : new HelpAction().Invoke(parsed));
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool Terminating => true;

        public override int Invoke(ParseResult parsed)
        {
            parsed.InvocationConfiguration.Output.WriteLine($"{Name} {Build.Version}");
            return 0;
        }
    }
}
