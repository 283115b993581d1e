using SynthSae.Dashboard;
using SynthSae.Dashboard.Runtime;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class SettingsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("synthsae-settings-").FullName;

    private SettingsFile File => new(Path.Combine(_folder, "config", "dashboard.json"));

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void What_is_kept_is_read_again()
    {
        var settings = new ViewSettings(ViewMode.Compact, new Dictionary<string, string> { ["runs.sort"] = "loss" });
        Assert.NotNull(File.Handle(new Effect.Set(settings)));
        Assert.Equal(ViewMode.Compact, File.Read().Mode);
        Assert.Equal(settings.Values, File.Read().Values);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"mode\":3,\"values\":{\"a\":1}}")]
    [InlineData("{\"mode\":\"huge\",\"values\":7}")]
    public void What_cannot_be_understood_is_as_if_it_had_never_been_kept(string text)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "config"));
        System.IO.File.WriteAllText(Path.Combine(_folder, "config", "dashboard.json"), text);
        Assert.Equal(ViewMode.Auto, File.Read().Mode);
        Assert.Empty(File.Read().Values);
    }

    [Fact]
    public void Other_effects_are_left_to_others() => Assert.Null(File.Handle(new Effect.Quit()));
}
