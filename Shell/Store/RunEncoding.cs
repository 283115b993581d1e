using System.Text;

namespace SynthSae.Store;

/// <summary>Runs as bytes for <see cref="RunIndex"/>: field after field, without names.</summary>
internal static class RunEncoding
{
    /// <summary>Writes them.</summary>
    internal sealed class Writer(Stream stream)
    {
        private readonly BinaryWriter _to = new(stream, Encoding.UTF8);

        public void Whole(long value) => _to.Write7BitEncodedInt64(value);

        public void Known(KnownRun known)
        {
            _to.Write(known.Id);
            _to.Write(known.Changed);
            _to.Write(known.ReadAt);
            _to.Write(known.Run is not null);
            if (known.Run is { } run)
            {
                Summary(run);
            }
        }

        private void Summary(RunSummary run)
        {
            _to.Write(run.Name);
            Text(run.Sweep);
            Whole(run.Seed);
            Whole(run.Checkpoint ?? -1);
            Whole(run.Labels.Tags.Count);
            foreach (var tag in run.Labels.Tags)
            {
                _to.Write(tag);
            }

            Text(run.Labels.Note);
            Snapshot(run.Snapshot);
        }

        private void Snapshot(RunSnapshot run)
        {
            Whole((int)run.Status);
            _to.Write(run.Phase);
            _to.Write(run.What);
            Whole(run.Step);
            Whole(run.Steps);
            Whole(run.Samples);
            _to.Write(run.SamplesPerSecond);
            _to.Write(run.SecondsLeft);
            _to.Write(run.ScoringShare);
            Whole(run.Saes.Count);
            foreach (var sae in run.Saes)
            {
                Figures(sae);
            }

            Text(run.Device);
            Whole(run.Threads);
            Text(run.Host);
            Text(run.Boot);
            Whole(run.Pid);
            Whole(run.Created.Ticks);
            Whole(run.Started?.Ticks ?? -1);
            Whole(run.Updated.Ticks);
            _to.Write(run.CpuShare);
            Whole(run.ResidentBytes);
            _to.Write(run.GpuShare);
            Whole(run.GpuBytes);
            Text(run.Message);
        }

        private void Figures(SaeFigures sae)
        {
            _to.Write(sae.Architecture);
            Whole(sae.Latents);
            _to.Write(sae.K);
            _to.Write(sae.Loss);
            _to.Write(sae.L0);
            _to.Write(sae.R2);
            Whole(sae.Dead);
            _to.Write(sae.F1);
            _to.Write(sae.Mcc);
            Whole(sae.ScoredAtStep);
        }

        private void Text(string? text)
        {
            _to.Write(text is not null);
            if (text is not null)
            {
                _to.Write(text);
            }
        }
    }

    /// <summary>Reads them, in the same order.</summary>
    internal sealed class Reader(byte[] bytes, string runsFolder)
    {
        private readonly BinaryReader _from = new(new MemoryStream(bytes), Encoding.UTF8);

        public long Whole() => _from.Read7BitEncodedInt64();

        public KnownRun Known()
        {
            var id = _from.ReadString();
            var (changed, readAt) = (_from.ReadInt64(), _from.ReadInt64());
            return new KnownRun(id, changed, readAt, _from.ReadBoolean() ? Summary(id) : null);
        }

        private RunSummary Summary(string id)
        {
            var (name, sweep, seed) = (_from.ReadString(), Text(), Whole());
            var checkpoint = Whole();
            var tags = new string[(int)Whole()];
            for (var i = 0; i < tags.Length; i++)
            {
                tags[i] = _from.ReadString();
            }

            var labels = new RunLabels(tags, Text());
            return new RunSummary(
                id,
                Path.Combine(runsFolder, id),
                name,
                sweep,
                seed,
                Snapshot(),
                labels,
                checkpoint < 0 ? null : checkpoint);
        }

        // Initialisers are evaluated in the order in which they are written.
        private RunSnapshot Snapshot() =>
            new()
            {
                Status = (RunStatus)Whole(),
                Phase = _from.ReadString(),
                What = _from.ReadString(),
                Step = Whole(),
                Steps = Whole(),
                Samples = Whole(),
                SamplesPerSecond = _from.ReadDouble(),
                SecondsLeft = _from.ReadDouble(),
                ScoringShare = _from.ReadDouble(),
                Saes = Saes(),
                Device = Text(),
                Threads = (int)Whole(),
                Host = Text(),
                Boot = Text(),
                Pid = (int)Whole(),
                Created = Utc(Whole()),
                Started = Whole() is >= 0 and var started ? Utc(started) : null,
                Updated = Utc(Whole()),
                CpuShare = _from.ReadDouble(),
                ResidentBytes = Whole(),
                GpuShare = _from.ReadDouble(),
                GpuBytes = Whole(),
                Message = Text(),
            };

        private SaeFigures[] Saes()
        {
            var saes = new SaeFigures[(int)Whole()];
            for (var i = 0; i < saes.Length; i++)
            {
                saes[i] = Figures();
            }

            return saes;
        }

        private SaeFigures Figures() =>
            new()
            {
                Architecture = _from.ReadString(),
                Latents = (int)Whole(),
                K = _from.ReadDouble(),
                Loss = _from.ReadDouble(),
                L0 = _from.ReadDouble(),
                R2 = _from.ReadDouble(),
                Dead = (int)Whole(),
                F1 = _from.ReadDouble(),
                Mcc = _from.ReadDouble(),
                ScoredAtStep = Whole(),
            };

        private static DateTime Utc(long ticks) => new(ticks, DateTimeKind.Utc);

        private string? Text() => _from.ReadBoolean() ? _from.ReadString() : null;
    }
}
