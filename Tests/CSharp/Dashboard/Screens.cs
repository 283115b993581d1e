using SynthSae.Dashboard;
using SynthSae.Dashboard.Comparison;
using SynthSae.Dashboard.RunList;
using SynthSae.Dashboard.Runtime;
using SynthSae.Dashboard.RunView;
using SynthSae.Store;
using SynthSae.Terminal;

namespace SynthSae.Tests.Dashboard;

/// <summary>The screens of runs over runs that are made up.</summary>
internal static class Screens
{
    /// <summary>Runs in each state, with histories and specifications.</summary>
    public static FakeRuns Source()
    {
        var source = new FakeRuns();
        foreach (var run in SomeRuns.OfEachState.Reverse())
        {
            source.Runs.Add(run);
            source.Specs[run.Id] = SomeCurves.Spec(run.Snapshot.Saes[0].K);
            if (run.Snapshot.Step > 0)
            {
                source.Histories[run.Id] =
                    SomeCurves.Of((int)run.Snapshot.Step, worse: run.Snapshot.Created.Minute / 4);
            }
        }

        return source;
    }

    /// <summary>A dashboard of them.</summary>
    public static Driver Open(
        IRunSource source,
        Size? size = null,
        Caps? caps = null,
        bool readOnly = false,
        params IReadOnlyList<IEffectHandler> handlers) =>
        new(
            source,
            new Context
            {
                Size = size ?? Size.Standard,
                Caps = caps ?? Caps.Full,
                ReadOnly = readOnly,
            },
            [RunsScreen.Of(ViewSettings.Default), new RunScreen(), new CompareScreen()],
            handlers);

    /// <summary>The id of one of <see cref="SomeRuns"/> by its name.</summary>
    public static string Id(string name) =>
        SomeRuns.OfEachState.First(run => run.Name == name).Id;

    /// <summary>The run of that name with other figures.</summary>
    public static void Change(FakeRuns source, string name, Func<RunSnapshot, RunSnapshot> change) =>
        source.Change(Id(name), run => run with { Snapshot = change(run.Snapshot) });
}
