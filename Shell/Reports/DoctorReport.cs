using System.Text.Json.Nodes;
using SynthSae.Compute;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Hub;
using SynthSae.Settings;

namespace SynthSae.Reports;

/// <summary>What the program finds around it: machine, folders, settings.</summary>
internal sealed class DoctorReport(AppSettings settings)
{
    private readonly GpuReport _gpu = new();

    private readonly FolderCheck _runs = FolderCheck.Of(settings.RunsFolder);

    private readonly FolderCheck? _cache =
        settings.CacheFolder is { } folder ? FolderCheck.Of(folder) : null;

    /// <summary>Nothing found that would keep a run from working.</summary>
    public bool IsHealthy => _runs.Problem is null && _cache?.Problem is null;

    /// <summary>For people.</summary>
    public void Write(Host host)
    {
        var machine = new TextTable(new(""), new(""))
            .Add("synthsae", $"{Build.Version} {Build.Commit}")
            .Add("runtime", $"{Machine.Runtime} on {Machine.System}")
            .Add("processor", $"{Machine.Processor}, {Machine.Cores} cores usable")
            .Add("vectors", Machine.Simd)
            .Add("memory", Numbers.Bytes(Machine.Memory));
        _gpu.AddTo(machine);
        machine
            .Add("runs folder", _runs.ToString())
            .Add("cache folder", _cache?.ToString() ?? "none: worlds are compiled anew each time")
            .Add("hub", Hub(hub =>
                $"{hub.Endpoint.AbsoluteUri.TrimEnd('/')}{(hub.Offline ? " (offline)" : "")}, "
                    + $"{(hub.TokenSource is { } source ? $"token of {source}" : "no token")}, "
                    + $"cache {hub.CacheFolder}",
                problem => problem));
        machine.Write(host.Out, host.Width);
        host.Out.WriteLine();
        _gpu.WriteSearches(host.Out, host.Width);

        var values = new TextTable(new("setting"), new("value"), new("from"));
        foreach (var setting in settings.Effective.Where(setting => setting.Value != ""))
        {
            values.Add(setting.Definition.Name, setting.Value, setting.Source);
        }

        values.Write(host.Out, host.Width);
        host.Out.WriteLine();
        host.Out.WriteLine("Settings are looked for in, the later ones prevail:");
        foreach (var (path, exists) in settings.Files)
        {
            host.Out.WriteLine($"  {path}{(exists ? "" : " (not there)")}");
        }

        host.Out.WriteLine($"  the environment, e.g. {SettingNames.Threads.Variable}");
        host.Out.WriteLine($"  the command line, e.g. {SettingNames.Threads.Flag}");
    }

    /// <summary>For programs.</summary>
    public JsonObject ToJson()
    {
        var values = new JsonObject();
        foreach (var setting in settings.Effective)
        {
            values[setting.Definition.Name] = new JsonObject
            {
                ["value"] = setting.Value,
                ["source"] = setting.Source,
            };
        }

        return new JsonObject
        {
            ["version"] = Build.Version,
            ["commit"] = Build.Commit,
            ["machine"] = Machine.ToJson(),
            ["gpu"] = _gpu.ToJson(),
            ["runs_folder"] = _runs.ToJson(),
            ["cache_folder"] = _cache?.ToJson(),
            ["hub"] = Hub(hub =>
                new JsonObject
                {
                    ["endpoint"] = hub.Endpoint.AbsoluteUri,
                    ["cache"] = hub.CacheFolder,
                    ["token"] = hub.TokenSource,
                    ["offline"] = hub.Offline,
                },
                problem => new JsonObject { ["problem"] = problem }),
            ["settings"] = values,
        };
    }

    private static T Hub<T>(Func<HubSettings, T> describe, Func<string, T> wrong)
    {
        try
        {
            return describe(HubSettings.OfEnvironment());
        }
        catch (BadInput error)
        {
            return wrong(error.Message);
        }
    }
}
