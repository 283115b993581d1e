using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Dashboard.RunView;
using SynthSae.Dashboard.SweepView;
using SynthSae.Runs;
using SynthSae.Store;
using SynthSae.Sweeps;
using SynthSae.Terminal;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

/// <summary>The screen of a sweep.</summary>
public sealed class SweepScreenTests
{
    private readonly SomeSweeps _sweeps = new();
    private readonly FakeRuns _source = SomeSweeps.Source();

    public static TheoryData<string, string, int, int, string> Frames()
    {
        var cases = new TheoryData<string, string, int, int, string>();
        foreach (var (name, keys) in new[] { ("sweep", ""), ("sweep-table", "Tab Tab ] j j") })
        {
            foreach (var size in Sizes.Golden)
            {
                foreach (var caps in new[] { "full", "ascii", "plain" })
                {
                    cases.Add(name, keys, size.Columns, size.Rows, caps);
                }
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void The_screen_looks_as_it_did(
        string name, string keys, int columns, int rows, string caps)
    {
        var look = caps switch
        {
            "ascii" => Caps.Least,
            "plain" => Caps.Full with { Colours = ColourDepth.None },
            _ => Caps.Full,
        };
        var driver = Open(new Size(columns, rows), look).Press(keys);
        Golden.Check($"screen-{name}-{columns}x{rows}-{caps}", driver.Frame);
    }

    [Fact]
    public void The_newest_sweep_is_shown_and_others_by_keys()
    {
        var driver = Open();
        Assert.Contains("l0: 43 of 45 SAEs finished, 1 failed · as saved", driver.Text);
        Assert.Contains("worlds: 3 of 3 SAEs finished", driver.Press("J").Text);
        Assert.Contains("l0: 43 of 45", driver.Press("K").Text);
    }

    [Fact]
    public void A_sweep_is_read_again_when_its_runs_have_gone_on_and_not_otherwise()
    {
        var driver = Open();
        Assert.Equal([SomeSweeps.L0], _sweeps.Read);
        driver.Wait(5);
        var ofOther = _source.Runs.First(run => run.Sweep == SomeSweeps.Worlds).Id;
        Stand(ofOther, RunStatus.Failed);
        driver.Wait(5);
        Assert.Equal([SomeSweeps.L0], _sweeps.Read);
        Stand(_source.Runs.First(run => run.Status == RunStatus.Running).Id, RunStatus.Finished);
        driver.Wait(5);
        Assert.Equal([SomeSweeps.L0, SomeSweeps.L0], _sweeps.Read);
        driver.Press("r");
        Assert.Equal(3, _sweeps.Read.Count);
    }

    [Fact]
    public void There_is_a_line_for_each_architecture_with_bars_over_the_seeds()
    {
        var table = SomeSweeps.L0Table;
        var axis = SweepAxis.All(table)[0];
        Assert.Equal("target_l0", axis.Title);
        var lines = SweepLine.Of(table, axis, ScoredForm.Saved, MetricNames.F1);
        Assert.Equal(["batchtopk", "matryoshka", "jumprelu"], lines.Select(line => line.Name));
        Assert.Equal([15, 20, 25, 35, 45], lines[0].Points.Select(point => point.X));
        // Its seeds lie 0.01 · 1 apart.
        Assert.Equal(0.01, lines[0].Points[0].Y.Deviation, 1e-9);
        Assert.Equal(3, lines[0].Points[0].Y.Count);
        Assert.Equal(2, lines[2].Points[4].Y.Count);
    }

    [Fact]
    public void Fields_that_vary_together_do_not_part_a_line()
    {
        var table = SomeSweeps.WorldsTable;
        var all = SweepAxis.All(table);
        Assert.Equal(
            ["hidden_dim", "training_samples", "L0, measured"], all.Select(axis => axis.Title));
        foreach (var axis in all)
        {
            var line = Assert.Single(
                SweepLine.Of(table, axis, ScoredForm.Saved, MetricNames.F1));
            Assert.Equal("", line.Name);
            Assert.Equal(3, line.Points.Count);
        }
    }

    [Fact]
    public void Axis_metric_and_form_can_be_changed()
    {
        var driver = Open();
        Assert.Contains("L0, measured", driver.Press("x").Text);
        Assert.Contains("as trained", driver.Press("f").Text);
        Assert.Contains("as saved", driver.Press("f").Text);
        Assert.Contains("MCC", driver.Press("Tab ]").Text);
        Assert.Contains("samples/s", driver.Press("[ [").Text);
    }

    [Fact]
    public void Enter_goes_to_the_run_of_a_point()
    {
        var driver = Open().Press("j Enter");
        Assert.Equal(ScreenId.Run, driver.Model.Active);
        Assert.Equal(
            SomeSweeps.L0Table.Rows[1].Trials[0].Entry.Run, driver.Model.Context.Chosen);
        driver.Press("Esc");
        Assert.Equal(ScreenId.Sweep, driver.Model.Active);
    }

    [Fact]
    public void The_sweep_of_the_chosen_run_is_shown()
    {
        var driver = Open();
        driver.Send(new Msg.Said("")).Press("2");
        var run = _source.Runs.First(one => one.Sweep == SomeSweeps.Worlds).Id;
        driver.Model = driver.Model with
        {
            Context = driver.Model.Context with { Chosen = run },
        };
        Assert.Contains("worlds: 3 of 3", driver.Press("5").Text);
    }

    [Fact]
    public void Without_sweeps_the_screen_says_how_to_begin_one()
    {
        var driver = new Driver(new FakeRuns(), new Context(), [new SweepScreen()], _sweeps);
        driver.Wait(1).Press("5").Wait(1);
        driver.Send(new Msg.Shown());
        Assert.Contains("synthsae sweep l0-small --executor background", driver.Text);
        Assert.Empty(_sweeps.Read);
    }

    [Fact]
    public void A_sweep_that_cannot_be_read_says_why()
    {
        var driver = Open();
        driver.Press("J");
        driver.Send(new Msg.SweepRead(SomeSweeps.Worlds, null, "it is gone"));
        // What was read before stays.
        Assert.Contains("worlds: 3 of 3", driver.Text);
        var effects = new SweepEffects().Handle(new Effect.ReadSweep("x", "/nowhere/x"));
        var read = Assert.IsType<Msg.SweepRead>(Assert.Single(effects!));
        Assert.Null(read.Table);
        Assert.Contains("no sweep.json", read.Problem);
    }

    [Fact]
    public void It_can_be_drawn_at_any_size_after_any_keys()
    {
        var keys = new SweepScreen().Keys(new Context())
            .SelectMany(binding => binding.Keys).Select(key => $"{key}").ToList();
        var step = Gen.Elements(keys.ToArray()).Zip(Sizes.Gen);
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var driver = Open();
            foreach (var (key, size) in steps)
            {
                driver.Press(key).Resize(size.Columns, size.Rows);
                Assert.Equal(size, driver.Frame.Size);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Fact]
    public void Keys_are_the_same_whatever_is_shown_and_none_is_there_twice()
    {
        var driver = Open();
        var full = driver.Model.Screen.Keys(driver.Model.Context);
        var empty = new SweepScreen().Keys(new Context());
        Assert.Equal(empty.Select(key => key.Names), full.Select(key => key.Names));
        var keys = full.SelectMany(binding => binding.Keys).ToList();
        Assert.Equal(keys.Distinct(), keys);
    }

    private Driver Open(Size? size = null, Caps? caps = null)
    {
        var context = new Context
        {
            Size = size ?? Size.Standard,
            Caps = caps ?? Caps.Full,
        };
        return new Driver(
            _source, context, [new RunScreen(), new SweepScreen()], _sweeps)
            .Wait(1).Press("5").Wait(1);
    }

    private void Stand(string run, RunStatus status) =>
        _source.Change(run, one => one with { Snapshot = one.Snapshot with { Status = status } });
}
