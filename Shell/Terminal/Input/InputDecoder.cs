using System.Text;

namespace SynthSae.Terminal.Input;

/// <summary>
/// Makes keys of the bytes that a terminal sends. Sequences may come in pieces; what is unknown is
/// left out whole.
/// </summary>
internal sealed class InputDecoder
{
    private const byte Escape = 0x1b;
    private const int LongestSequence = 64;
    private const int LongestPaste = 1 << 20;
    private static readonly byte[] PasteEnd = "\x1b[201~"u8.ToArray();

    private readonly List<byte> _pending = [];
    private readonly List<InputEvent> _events = [];
    private List<byte>? _paste;

    /// <summary>
    /// Bytes are waiting for others; after a while <see cref="Flush"/> ends that.
    /// </summary>
    public bool IsWaiting => _pending.Count > 0 && _paste is null;

    /// <summary>Take bytes.</summary>
    public IReadOnlyList<InputEvent> Feed(ReadOnlySpan<byte> bytes)
    {
        _events.Clear();
        foreach (var one in bytes)
        {
            if (_paste is not null)
            {
                TakePasted(one);
                continue;
            }

            _pending.Add(one);
            TryTake();
        }

        return [.. _events];
    }

    /// <summary>Nothing more has come: an escape was the key Esc.</summary>
    public IReadOnlyList<InputEvent> Flush()
    {
        _events.Clear();
        if (IsWaiting && _pending[0] == Escape)
        {
            if (_pending is [Escape])
            {
                Press(new Key(KeyCode.Esc));
            }
            else if (_pending is [Escape, var letter])
            {
                Press(Key.Of((char)letter) with { Alt = true });
            }
        }

        if (_paste is null)
        {
            _pending.Clear();
        }

        return [.. _events];
    }

    private void TryTake()
    {
        if (_pending[0] == Escape)
        {
            TryTakeSequence();
        }
        else
        {
            TryTakeText(0, alt: false);
        }
    }

    private void TryTakeSequence()
    {
        switch (_pending.Count)
        {
            case 1:
                return;
            case 2 when _pending[1] == Escape:
                Press(new Key(KeyCode.Esc));
                _pending.RemoveAt(0);
                return;
            case 2 when _pending[1] is (byte)'[' or (byte)'O':
                return;
        }

        switch (_pending[1])
        {
            case (byte)'[':
                TryTakeControl();
                break;
            case (byte)'O':
                PressIf(InputKeys.OfLetter((char)_pending[2], []));
                _pending.Clear();
                break;
            default:
                TryTakeText(1, alt: true);
                break;
        }
    }

    // CSI: parameters, and a letter that ends it.
    private void TryTakeControl()
    {
        var last = _pending[^1];
        var isLinuxConsole = _pending.Count == 3 && last == (byte)'[';
        if (last is < 0x40 or > 0x7e || isLinuxConsole)
        {
            // Control characters end a sequence that was cut off.
            if (last < 0x20 || _pending.Count > LongestSequence)
            {
                _pending.Clear();
            }

            return;
        }

        var body = Encoding.ASCII.GetString([.. _pending[2..^1]]);
        _pending.Clear();
        if (body == "200" && last == (byte)'~')
        {
            _paste = [];
        }
        else if (body.StartsWith('<'))
        {
            if (InputKeys.Mouse(body[1..], (char)last) is { } mouse)
            {
                _events.Add(new InputEvent.Moused(mouse));
            }
        }
        else
        {
            PressIf(InputKeys.OfControl(body, (char)last));
        }
    }

    private void TryTakeText(int from, bool alt)
    {
        var bytes = _pending.Skip(from).ToArray();
        var status = Rune.DecodeFromUtf8(bytes, out var rune, out var used);
        if (status == System.Buffers.OperationStatus.NeedMoreData)
        {
            return;
        }

        if (status == System.Buffers.OperationStatus.Done)
        {
            var key = InputKeys.OfRune(rune);
            Press(alt ? key with { Alt = true } : key);
        }

        _pending.RemoveRange(0, from + used);
        if (_pending.Count > 0)
        {
            TryTake();
        }
    }

    private void TakePasted(byte one)
    {
        _paste!.Add(one);
        if (one != PasteEnd[^1] || _paste.Count < PasteEnd.Length
            || !_paste.TakeLast(PasteEnd.Length).SequenceEqual(PasteEnd))
        {
            return;
        }

        var length = Math.Min(_paste.Count - PasteEnd.Length, LongestPaste);
        _events.Add(new InputEvent.Pasted(Encoding.UTF8.GetString([.. _paste[..length]])));
        _paste = null;
    }

    private void PressIf(Key? key)
    {
        if (key is { } known)
        {
            Press(known);
        }
    }

    private void Press(Key key) => _events.Add(new InputEvent.Pressed(key));
}
