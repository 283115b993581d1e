using System.CommandLine;
using SynthSae.Hosting;
using SynthSae.Settings;
using SynthSae.Store;

namespace SynthSae.Commands;

/// <summary>A command about runs that are there.</summary>
internal abstract class RunsCommand : CliCommand
{
    private readonly CommonOptions _common;

    /// <summary>Give it the option for the folder of the runs.</summary>
    protected RunsCommand(Host host, string name, string description)
        : base(name, description)
    {
        Host = host;
        _common = new CommonOptions(this, SettingNames.Runs);
    }

    /// <summary>What people may call a run, for the help of arguments.</summary>
    protected static string Names =>
        "An id, a part of one that no other run has, a run folder, or @last, @2, @3, …";

    /// <summary>Where it writes.</summary>
    protected Host Host { get; }

    /// <summary>An argument that names a run.</summary>
    protected static Argument<string> OneRun() => new("run") { Description = Names };

    /// <summary>An argument that names one or more runs.</summary>
    protected static Argument<string[]> SomeRuns() =>
        new("run") { Description = Names, Arity = ArgumentArity.OneOrMore };

    /// <summary>The runs of the folder in force.</summary>
    protected RunStore Store(ParseResult parsed) => RunStore.Of(_common.Read(parsed));
}
