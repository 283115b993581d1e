using SynthSae.Dashboard;
using SynthSae.Terminal;
using SynthSae.Tests.Terminal;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class ScreenFrameTests
{
    private static readonly (string Name, string Keys)[] Screens =
    [
        ("runs", ""),
        ("run", "j Enter"),
        ("run-scores", "G Enter | Tab"),
        ("run-spec", "j Enter Tab Tab"),
        ("run-log", "j Enter Tab Tab Tab"),
        ("compare", "j Space j Space Space c"),
        ("stop", "j x"),
        ("metrics", "j Enter | v"),
    ];

    public static TheoryData<string, string, int, int, bool> Cases()
    {
        var cases = new TheoryData<string, string, int, int, bool>();
        foreach (var (name, keys) in Screens)
        {
            foreach (var size in Sizes.Golden)
            {
                cases.Add(name, keys, size.Columns, size.Rows, false);
                cases.Add(name, keys, size.Columns, size.Rows, true);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Screens_look_as_they_did(string name, string keys, int columns, int rows, bool ascii)
    {
        var source = Tests.Dashboard.Screens.Source();
        var driver = Tests.Dashboard.Screens.Open(
            source, new Size(columns, rows), ascii ? Caps.Least : Caps.Full, false, new FakeActions());
        foreach (var part in keys.Split('|'))
        {
            driver.Wait(2).Press(part).Wait(2);
        }

        var variant = ascii ? "-ascii" : "";
        Golden.Check($"screen-{name}-{columns}x{rows}{variant}", driver.Frame);
    }
}
