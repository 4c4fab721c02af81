import { useId, useState } from 'react';

/** A button that opens a list of the mails and text messages that were not sent, with their codes. */
export function Mailbox({ mails }) {
  const [open, setOpen] = useState(false);
  const [seen, setSeen] = useState([]);
  const list = useId();
  if (!mails) return null;
  const ids = mails.map(({ id }) => id);
  const unread = open ? 0 : ids.filter((id) => !seen.includes(id)).length;
  const toggle = () => {
    setSeen(ids);
    setOpen(!open);
  };
  return (
    <span className="mailbox" onKeyDown={({ key }) => key === 'Escape' && open && toggle()}>
      <button
        type="button"
        className={unread ? 'mailbox-unread' : undefined}
        aria-expanded={open}
        aria-controls={list}
        onClick={toggle}
      >
        {unread ? `Mail (${unread})` : 'Mail'}
      </button>
      {open && (
        <section id={list} className="mailbox-list" aria-label="Mail">
          <p className="session-quiet">In development nothing is sent. This is what people would receive.</p>
          {mails.length === 0 && <p>No mail yet.</p>}
          {mails.map((mail) => (
            <Mail key={mail.id} {...mail} />
          ))}
        </section>
      )}
    </span>
  );
}

function Mail({ to, says, code, link, createdAt }) {
  return (
    <article>
      <p>{says}</p>
      <p className="session-quiet">
        to {to}, {new Date(createdAt).toLocaleTimeString()}
      </p>
      {code && (
        <p>
          <button type="button" title="Copy the code" onClick={() => copy(code)}>
            <span className="session-figure">{code}</span>
          </button>{' '}
          {link && (
            <a href={link} target="_blank" rel="noreferrer">
              The link
            </a>
          )}
        </p>
      )}
    </article>
  );
}

/** A browser has a clipboard only on https and localhost; elsewhere the code is read and typed. */
const copy = (text) => navigator.clipboard?.writeText(text);
