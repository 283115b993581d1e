using SynthSae.Settings;
using SynthSae.Terminal;

namespace SynthSae.Dashboard;

/// <summary>How a dashboard is opened.</summary>
/// <param name="Settings">Where the runs are.</param>
/// <param name="Flags">What is known better than from the environment.</param>
/// <param name="ReadOnly">Nothing can be changed.</param>
/// <param name="Interval">Between two looks at the runs; null: 1 s, and 2 s over SSH.</param>
internal sealed record DashboardOptions(
    AppSettings Settings, CapsFlags Flags, bool ReadOnly, TimeSpan? Interval);
