using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Terminal;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class AnyScreenTests
{
    [Fact]
    public void Any_keys_sizes_and_news_in_any_order_leave_screens_that_can_be_drawn()
    {
        var source = Screens.Source();
        var first = Screens.Open(source, handlers: new FakeActions()).Wait(1).Model;
        string[] keys =
        [
            .. first.Screens.Values
                .SelectMany(screen => screen.Keys(first.Context))
                .SelectMany(binding => binding.Keys)
                .Select(key => $"{key}")
                .Distinct(),
            "Enter", "Esc", "1", "2", "3", "?", "y", "n", "m",
        ];
        var step = Gen.OneOf(
            Gen.Elements(keys).Select(key => (Action<Driver>)(driver => driver.Press(key))),
            Gen.Elements(keys).Select(key => (Action<Driver>)(driver => driver.Press(key))),
            Sizes.Gen.Select(size =>
                (Action<Driver>)(driver => driver.Resize(size.Columns, size.Rows))),
            Gen.Choose(0, 9).Select(seconds => (Action<Driver>)(driver => driver.Wait(seconds))),
            Gen.Elements("state:run", "k=25", "lr=1", "漢字").Select(text =>
                (Action<Driver>)(driver => driver.Press("/").Type(text).Press("Enter"))),
            Gen.Elements(SomeRuns.OfEachState.Select(run => run.Id)).Select(run =>
                (Action<Driver>)(driver => Forget(source, driver, run))));
        Prop.ForAll(step.ListOf().ToArbitrary(), steps =>
        {
            var driver = Screens.Open(
                source, caps: steps.Count % 2 == 0 ? Caps.Full : Caps.Least, handlers: new FakeActions());
            driver.Wait(1);
            foreach (var one in steps)
            {
                one(driver);
                Assert.Equal(driver.Model.Context.Size, driver.Frame.Size);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Fact]
    public void Every_key_has_a_help_and_no_two_have_the_same_key()
    {
        var driver = Screens.Open(Screens.Source()).Wait(1);
        foreach (var screen in driver.Model.Screens.Values)
        {
            var bindings = screen.Keys(driver.Model.Context);
            Assert.All(bindings, binding => Assert.NotEmpty(binding.Help));
            var names = bindings.SelectMany(binding => binding.Keys).Select(key => $"{key}").ToList();
            Assert.Equal(names.Distinct(), names);
        }
    }

    [Fact]
    public void A_screen_has_the_same_keys_whatever_it_shows()
    {
        var full = Screens.Open(Screens.Source()).Wait(1);
        var empty = Screens.Open(new FakeRuns()).Wait(1);
        foreach (var (id, screen) in full.Model.Screens)
        {
            var other = empty.Model.Screens[id];
            Assert.Equal(
                screen.Keys(full.Model.Context).Select(binding => binding.Names),
                other.Keys(empty.Model.Context).Select(binding => binding.Names));
        }
    }

    // A run goes and comes again.
    private static void Forget(FakeRuns source, Driver driver, string run)
    {
        var at = source.Runs.FindIndex(one => one.Id == run);
        var copy = source.Runs.ToList();
        source.Runs.RemoveAt(at);
        driver.Wait(2);
        source.Runs.Clear();
        source.Runs.AddRange(copy);
    }
}
