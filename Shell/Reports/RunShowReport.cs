using System.Text.Json.Nodes;
using SynthSae.Core;
using SynthSae.Formatting;
using SynthSae.Hosting;
using SynthSae.Runs;
using SynthSae.Store;

namespace SynthSae.Reports;

/// <summary>
/// All about a run: state, specification in short, figures, scores, files, how to go on.
/// </summary>
internal sealed class RunShowReport(RunSummary run, DateTime now, Host host)
{
    private readonly RunFolder _folder = run.Open();
    private readonly JsonObject _spec = RunStore.Spec(run) ?? [];

    /// <summary>Write it.</summary>
    public void Write()
    {
        host.Out.WriteLine(run.Id);
        host.Out.WriteLine();
        WriteFacts();
        WriteSaes();
        WriteScores();
        WriteFiles();
        WriteNext();
    }

    private void WriteFacts()
    {
        var at = run.Snapshot;
        var table = new TextTable(new(""), new("")).Add("  state", RunStateWords.Of(run, now));
        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                table.Add($"  {name}", value);
            }
        }

        Add("tags", string.Join(", ", run.Labels.Tags));
        Add("note", run.Labels.Note);
        Add("sweep", run.Sweep);
        Add("data", Data());
        Add("training", Training());
        Add("created", RunStateWords.Moment(at.Created));
        Add("on", Where(at));
        Add("takes", run.Status == RunStatus.Running ? Takes(at) : "");
        table.Write(host.Out, host.Width);
    }

    private string Data() =>
        _spec["synthetic_model"] is JsonValue model ? $"{model}"
        : _spec["synthetic_model"] is JsonObject written
            ? $"{run.Name}: {Count(written, "num_features")} features in R^{written["hidden_dim"]}"
        : _spec["activations"] is not null ? $"{run.Name}: activations in files"
        : run.Name;

    private string Training()
    {
        var words = new[]
        {
            $"{Count(_spec, "training_samples")} samples",
            $"batches of {Count(_spec, "batch_size")}",
            $"lr {_spec["lr"]}",
            $"seed {_spec["seed"]}",
        };
        return string.Join(", ", words);
    }

    private static string Where(RunSnapshot at) =>
        string.Join(", ", new[]
        {
            at.Host ?? "",
            at.Device ?? "",
            at.Threads > 0 ? $"{at.Threads} thread{(at.Threads == 1 ? "" : "s")}" : "",
            at.Pid > 0 ? $"process {at.Pid}" : "",
        }.Where(word => word.Length > 0));

    private static string Takes(RunSnapshot at) =>
        string.Join(", ", new[]
        {
            double.IsNaN(at.CpuShare) ? "" : $"{at.CpuShare:0.0} cores",
            at.ResidentBytes < 0 ? "" : $"{Numbers.Bytes(at.ResidentBytes)} of memory",
            double.IsNaN(at.GpuShare) ? "" : $"{at.GpuShare * 100:0}% of the GPU",
            at.GpuBytes < 0 ? "" : $"{Numbers.Bytes(at.GpuBytes)} of its memory",
        }.Where(word => word.Length > 0));

    private void WriteSaes()
    {
        host.Out.WriteLine();
        var table = new TextTable(
            new("SAE"),
            new("latents", true),
            new("k", true),
            new("loss", true),
            new("L0", true),
            new("R²", true),
            new("dead", true),
            new("F1", true),
            new("MCC", true),
            new("scored at step", true));
        foreach (var sae in run.Snapshot.Saes)
        {
            table.Add(
                sae.Architecture,
                Counts.Exact(sae.Latents),
                double.IsNaN(sae.K) ? "–" : FormattableString.Invariant($"{sae.K}"),
                Numbers.Short(sae.Loss),
                Numbers.Short(sae.L0),
                Numbers.Short(sae.R2),
                sae.Dead < 0 ? "–" : Counts.Exact(sae.Dead),
                Numbers.Short(sae.F1),
                Numbers.Short(sae.Mcc),
                sae.ScoredAtStep < 0 ? "–" : Counts.Exact(sae.ScoredAtStep));
        }

        table.Write(host.Out, host.Width);
    }

    // Those of several SAEs are compared by another command.
    private void WriteScores()
    {
        if (StatusFile.TryRead(_folder.ResultFile) is { } result
            && result.Field("evaluation").Field("saved_form") is JsonObject saved)
        {
            host.Out.WriteLine();
            host.Out.WriteLine("Scores of the saved SAE");
            ScoreTable.Write(Scores.OfJson(saved), host);
        }
    }

    private void WriteFiles()
    {
        host.Out.WriteLine();
        host.Out.WriteLine($"Files in {_folder.Shown}");
        var table = new TextTable(new(""), new("", true));
        foreach (var entry in new DirectoryInfo(_folder.Path).EnumerateFileSystemInfos()
            .Where(entry => !entry.Name.StartsWith('.'))
            .OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            table.Add(
                $"  {entry.Name}{(entry is DirectoryInfo ? "/" : "")}", Numbers.Bytes(Size(entry)));
        }

        table.Write(host.Out, host.Width);
    }

    private static long Size(FileSystemInfo entry) =>
        entry is FileInfo file
            ? file.Length
            : ((DirectoryInfo)entry).EnumerateFiles("*", SearchOption.AllDirectories)
                .Sum(inner => inner.Length);

    private void WriteNext()
    {
        host.Out.WriteLine();
        foreach (var (line, effect) in Next())
        {
            host.Out.WriteLine($"{effect}: {line}");
        }
    }

    private IEnumerable<(string Line, string Effect)> Next()
    {
        if (run.Status == RunStatus.Running)
        {
            yield return ($"synthsae logs -f {run.Id}", "Follow it");
            yield return ($"synthsae pause {run.Id}", "Pause it");
        }

        if (run.Status.CanGoOn() && run.Checkpoint is { } step)
        {
            yield return (
                $"synthsae resume {run.Id}", $"Go on after step {Counts.Exact(step)}");
            yield return ($"synthsae run --resume {_folder.Shown}", "The same on this terminal");
        }

        if (run.Status == RunStatus.Failed && File.Exists(_folder.CrashFile))
        {
            yield return (ShownPath.Of(_folder.CrashFile), "The stack trace");
        }

        yield return ($"synthsae run {_folder.Shown}", "Repeat it");
    }

    private static string Count(JsonObject json, string name) =>
        json.Whole(name, -1) is >= 0 and var count ? Counts.Exact(count) : "?";
}
