using SynthSae.Hosting;
using SynthSae.Settings;

namespace SynthSae.Reports;

/// <summary>Tells presets, files and folders apart and describes each.</summary>
public static class Inspection
{
    public static void Write(string what, AppSettings settings, Host host) =>
        throw new NotImplementedException();
}
