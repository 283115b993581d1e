using FsCheck;
using FsCheck.Fluent;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Forms;
using SynthSae.Terminal;
using SynthSae.Terminal.Input;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class NewRunScreenTests
{
    [Fact]
    public void A_preset_is_changed_and_started()
    {
        var driver = Open();
        Select(driver, "sae.k").Press("Enter Ctrl-u").Type("4").Press("Enter");
        Select(driver, "training_samples").Press("Enter Ctrl-u").Type("50k").Press("Enter s");
        var start = Assert.IsType<Effect.Start>(driver.Left.Single());
        Assert.Equal("small", start.Preset);
        Assert.Equal([("sae.k", "4"), ("training_samples", "50000")], start.Changes);
        Assert.Contains("--set sae.k=4 --set training_samples=50000", driver.Text);
    }

    [Fact]
    public void Errors_stand_at_their_fields_as_one_types_and_forbid_to_start()
    {
        var driver = Open();
        Select(driver, "sae.d_sae").Press("Enter Ctrl-u").Type("0");
        Assert.Contains("! must be", driver.Frame.Lines().Single(line => line.Contains("latents")));
        driver.Press("Enter");
        Select(driver, "lr").Press("Enter Ctrl-u").Type("quick").Press("Enter s");
        Assert.Contains("the run has errors", driver.Text);
        Assert.Empty(driver.Left);
        driver.Press("x");
        Select(driver, "sae.d_sae").Press("x s");
        Assert.IsType<Effect.Start>(driver.Left.Single());
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var draft = RunDraft.Of("small").With("sae.d_sae", "0").With("batch_size", "0").With("eval_samples", "0");
        Assert.True(draft.Errors.Count >= 3);
    }

    [Fact]
    public void Every_architecture_that_is_offered_is_one()
    {
        foreach (var name in DraftField.Architectures)
        {
            var draft = RunDraft.Of("small").With("sae.k", "5").With(DraftField.Architecture, name);
            // Nobody but the user knows the widths of the levels.
            Assert.All(draft.Errors, error => Assert.Equal("sae.matryoshka_widths", error.Path));
            Assert.Equal(name, draft.Fields["sae.architecture"].Trim('"'));
        }
    }

    [Fact]
    public void Every_common_field_is_a_field_of_some_architecture()
    {
        var known = DraftField.Architectures
            .SelectMany(name => RunDraft.Of("small").With(DraftField.Architecture, name).Fields.Keys).ToHashSet();
        Assert.All(DraftField.Common.Where(field => !field.IsAlways), field => Assert.Contains(field.Path, known));
    }

    [Fact]
    public void Any_field_can_be_set_by_its_path_and_found_among_all()
    {
        var driver = Open().Press(":").Type("synthetic_model.hierarchy.branching_factor=2").Press("Enter");
        var screen = (NewRunScreen)driver.Model.Screen;
        Assert.Empty(screen.Draft.Errors);
        Assert.Equal("synthetic_model.hierarchy.branching_factor", screen.Fields[screen.Selected].Path);
        var all = ((NewRunScreen)driver.Press("a").Model.Screen).Fields;
        Assert.True(all.Count > 30);
        Assert.Contains("no_such", Open().Press(":").Type("no_such=1").Press("Enter").Text);
    }

    [Fact]
    public void Nothing_is_started_where_one_may_only_look()
    {
        var driver = Open(readOnly: true).Press("s");
        Assert.Empty(driver.Left);
        Assert.Contains("read-only", driver.Text);
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(40, 12)]
    public void The_form_looks_as_it_did(int columns, int rows)
    {
        var driver = Open(size: new Size(columns, rows));
        Select(driver, "sae.k").Press("Enter Ctrl-u").Type("900");
        Golden.Check($"new-run-{columns}x{rows}", driver.Frame);
    }

    [Fact]
    public void Any_keys_leave_a_form_that_can_be_drawn_at_any_size()
    {
        string[] names =
            ["j", "k", "Enter", "l", "h", "x", "a", ":", "Esc", "s", "7", "z", "G", "g", "Ctrl-u", "Backspace", "Tab", "=", "."];
        var cases = from size in Sizes.Gen from keys in Gen.Elements(names).ListOf() select (size, keys);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var driver = Open(size: one.size);
            foreach (var key in one.keys)
            {
                driver.Send(new Msg.Pressed(Key.Parse(key)));
                Assert.Equal(one.size, driver.Frame.Size);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    private static Driver Select(Driver driver, string path)
    {
        driver.Press("g");
        for (var tries = 0; tries < 100; tries++)
        {
            var screen = (NewRunScreen)driver.Model.Screen;
            if (screen.Fields[screen.Selected].Path == path)
            {
                return driver;
            }

            driver.Press("j");
        }

        throw new InvalidOperationException($"there is no {path}");
    }

    private static Driver Open(bool readOnly = false, Size? size = null) =>
        new(
            new FakeRuns(),
            new Context { ReadOnly = readOnly, Size = size ?? Size.Standard },
            [new NewRunScreen()]);
}
