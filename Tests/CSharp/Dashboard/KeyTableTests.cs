using System.Runtime.CompilerServices;
using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class KeyTableTests
{
    private static readonly Model All = Model.Of(new Context(), DashboardProgram.Screens(ViewSettings.Default));

    [Fact]
    public void No_key_does_two_things_at_one_place()
    {
        foreach (var section in KeyHelp.All(All))
        {
            var keys = section.Keys.SelectMany(binding => binding.Keys).ToList();
            Assert.Equal(keys.Distinct(), keys);
        }
    }

    [Fact]
    public void Screens_leave_the_keys_alone_that_work_everywhere()
    {
        var everywhere = EveryScreen.Keys(All).SelectMany(binding => binding.Keys)
            .Where(key => $"{key}" is not (EveryScreen.Yielding or "Esc")).ToHashSet();
        foreach (var screen in All.Screens.Values)
        {
            var taken = screen.Keys(All.Context).SelectMany(binding => binding.Keys).Where(everywhere.Contains);
            Assert.Empty(taken.Select(key => $"{screen.Title}: {key}"));
        }
    }

    [Fact]
    public void Every_key_says_what_it_does()
    {
        foreach (var binding in KeyHelp.All(All).SelectMany(section => section.Keys))
        {
            Assert.NotEmpty(binding.Keys);
            Assert.Matches(@"^\S.*\S$", binding.Help);
            Assert.DoesNotContain('\n', binding.Help);
        }
    }

    [Fact]
    public void The_footer_of_every_screen_tells_help_and_quit_at_the_least_size()
    {
        foreach (var screen in All.Screens.Keys)
        {
            var model = All with
            {
                Active = screen,
                Context = All.Context with { Size = DashboardLayout.Least },
            };
            Assert.EndsWith("? help  q quit", View.Of(model).Lines()[^1]);
        }
    }

    [Fact]
    public void The_documentation_of_the_keys_is_fresh()
    {
        var file = Path.Combine(Folder(), "..", "..", "..", "docs", "keys.md");
        var actual = KeyDocument.Of(All);
        if (!File.Exists(file) || File.ReadAllText(file) != actual)
        {
            var beside = Path.GetFullPath(Path.Combine(Folder(), "keys.actual.txt"));
            File.WriteAllText(beside, actual);
            Assert.Fail($"docs/keys.md is not as the key table; move {beside} there");
        }
    }

    private static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;
}
