using SynthSae.Dashboard;
using SynthSae.Store;
using Xunit;

namespace SynthSae.Tests.Dashboard;

public sealed class IdleTests
{
    [Fact]
    public void Where_nothing_runs_time_changes_nothing_on_any_screen()
    {
        var runs = new FakeRuns();
        foreach (var status in Enum.GetValues<RunStatus>().Except([RunStatus.Running]))
        {
            var snapshot = new RunSnapshot
            {
                Created = FakeRuns.Now.AddSeconds(-50),
                Started = FakeRuns.Now.AddSeconds(-20),
                Updated = FakeRuns.Now.AddSeconds(-3),
                Saes = [new SaeFigures { Architecture = "TopK", Latents = 8, K = 2 }],
            };
            runs.Add($"{status}", status, snapshot);
        }

        foreach (var screen in Enum.GetValues<ScreenId>())
        {
            var driver = new Driver(
                runs, new Context(), DashboardProgram.Screens(ViewSettings.Default));
            driver.Resize(160, 40).Press($"Enter {(int)screen + 1}").Wait(20);
            var before = Terminal.Golden.Text(driver.Frame);
            Assert.Equal(before, Terminal.Golden.Text(driver.Wait(200).Frame));
        }
    }
}
